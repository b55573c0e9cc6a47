const ADJECTIVES = (
  'amber balmy brave breezy bright brisk calm candid cheerful clever coastal cosy crisp curious dapper daring dawn deft ' +
  'eager early earnest easy fair fearless fond frank fresh friendly gallant gentle glad golden graceful grand happy hardy ' +
  'hearty honest humble jolly jovial keen kind lively loyal lucid lucky mellow merry mild modest neat nimble noble patient ' +
  'placid plucky polite prompt proud quick quiet rapid ready robust rosy serene sharp shiny silent silver smooth snug sober ' +
  'solid spry steady still stout sturdy sunny sure swift tender tidy tranquil trim true upbeat valiant vivid warm wise witty ' +
  'zesty'
).split(' ');

const NOUNS = (
  'anchor barge beacon bight boom bow brig buoy cabin canoe canvas capstan catboat channel clipper coast compass coracle ' +
  'coxswain cutter davit deck delta dinghy dock dory estuary fathom felucca ferry fjord fleet frigate galley gangway gannet ' +
  'gull gunwale halyard harbor haven hawser heron hull inlet island jetty jib junk kayak keel kelp ketch kittiwake lagoon ' +
  'lanyard lateen launch lighthouse longboat lugger mariner mast mooring narrows oar osprey outrigger pelican petrel pier pilot ' +
  'pinnace plover porthole prow punt quay raft reef rigging rudder sail sampan sandbar schooner sextant shoal shore sloop sound ' +
  'spar spinnaker starboard stern strait swell tern tide tiller transom trawler tugboat voyage wake wharf wherry windlass yacht ' +
  'yard yawl'
).split(' ');

const TRIES = 6;

/** A free name, `adjective_noun` with a digit behind it when the first was taken; undefined when luck ran out. `random` gives [0,1). */
export function generateName(isTaken: (name: string) => boolean, random: () => number): string | undefined {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? 'skiff';
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const name = `${pick(ADJECTIVES)}_${pick(NOUNS)}${attempt === 0 ? '' : Math.floor(random() * 10)}`;
    if (!isTaken(name)) return name;
  }
  return undefined;
}
