/** The release of Docker's client whose commands, output and errors this one has. */
export const CLIENT_VERSION = '28.2.2';
