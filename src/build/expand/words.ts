/** Collects the words of an expansion: blanks that come from the text or from a variable separate words, quoted ones do not. */
export interface WordCollector {
  /** Text in which blanks separate words. */
  add(text: string): void;
  /** Text that belongs to the word as it stands. */
  addQuoted(text: string): void;
  words(): readonly string[];
}

export function createWordCollector(): WordCollector {
  const done: string[] = [];
  let word = '';
  const end = (): void => {
    if (word !== '') done.push(word);
    word = '';
  };
  return {
    add(text) {
      for (const [index, part] of text.split(/\s+/).entries()) {
        if (index > 0) end();
        word += part;
      }
    },
    addQuoted(text) {
      word += text;
    },
    words() {
      end();
      return done;
    },
  };
}
