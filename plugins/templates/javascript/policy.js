// Holds links of members whose score is below the one in the settings. Each
// exported object is one interface of the contract in wit/.

let score = 10;

export const lifecycle = {
  // What is thrown is what is wrong with the settings.
  configure(settings) {
    const given = settings.trim() === "" ? {} : JSON.parse(settings);
    if (given.score !== undefined && !Number.isInteger(given.score)) {
      throw "`score` is a whole number";
    }
    score = given.score ?? 10;
  },
};

export const contentBeforePublish = {
  decide(context, event, content) {
    // The links that readers can follow, however the Markdown writes them.
    const [link] = event.rendered()?.links ?? [];
    // Numbers of 64 bits are BigInts.
    if (link === undefined || context.actor === undefined || context.actor.score >= BigInt(score)) {
      return { verdict: { tag: "allow" }, evidence: [], effects: [] };
    }
    return {
      verdict: { tag: "hold", val: "Links of new members are looked at before they appear." },
      evidence: [
        {
          rule: "newcomer-links",
          field: undefined,
          finding: { tag: "feature", val: { name: "url", value: link.url.slice(0, 100) } },
          text: "a link",
          public: false,
        },
      ],
      effects: [],
    };
  },
};
