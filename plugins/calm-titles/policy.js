// Titles that are all in capitals are written in small letters, with a capital
// at the beginning. Settings: {"letters": 8}, the fewest that count as shouting.

let letters = 8;

/** Whether a text shouts: all of its letters are capitals, and there are enough. */
export function shouts(text, fewest) {
  const letters = [...text].filter((c) => c.toLowerCase() !== c.toUpperCase());
  return letters.length >= fewest && text === text.toUpperCase();
}

/** The same text, as one would say it. */
export function calm(text) {
  const [first = "", ...rest] = text.toLowerCase();
  return first.toUpperCase() + rest.join("");
}

export const lifecycle = {
  configure(settings) {
    const given = settings.trim() === "" ? {} : JSON.parse(settings);
    if (given.letters !== undefined && !(given.letters >= 1)) {
      throw "`letters` is a number from 1 on";
    }
    letters = given.letters ?? 8;
  },
};

export const contentBeforePublish = {
  decide(context, event, content) {
    const { title } = content;
    if (title === undefined || !shouts(title, letters)) {
      return { verdict: { tag: "allow" }, evidence: [], effects: [] };
    }
    return {
      verdict: { tag: "modify", val: { title: calm(title), body: undefined } },
      evidence: [{ rule: "calm-titles", field: "title", finding: undefined, text: "the title shouts", public: true }],
      effects: [],
    };
  },
};
