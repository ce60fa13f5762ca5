/** The parts of a symbol or company name that a search has matched. The service compares texts in the same way. */

import { h } from "./dom.js";

/** @typedef {[start: number, end: number]} Range */
/** @typedef {{text: string, starts: number[], ends: number[]}} Folded the letters of a word, and where each was */

/** Characters of a word for which the service corrects a typing error. */
const MIN_TYPO = 4;

/**
 * The text, with `<mark>` around what the query matches.
 * @param {string} text
 * @param {string} query
 * @returns {(string | HTMLElement)[]}
 */
export function highlighted(text, query) {
  const parts = [];
  let end = 0;
  for (const [from, to] of matches(fold(text), fold(query))) {
    parts.push(text.slice(end, from), h("mark", {}, text.slice(from, to)));
    end = to;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

/**
 * Ignoring spaces, the query is the beginning of a word, or a middle. Otherwise each of its words is the beginning of a
 * word, or a word with one typing error.
 * @param {Folded[]} words
 * @param {Folded[]} query
 * @returns {Range[]}
 */
function matches(words, query) {
  const key = query.map(({ text }) => text).join("");
  const whole = key && rangeOf(words, key);
  if (whole) return [whole];
  return words.flatMap((word) => {
    const part = query.find(({ text }) => word.text.startsWith(text));
    if (part) return [rangeIn(word, 0, part.text.length)];
    return query.some(({ text }) => hasOneTypingError(text, word.text)) ? [rangeIn(word, 0, word.text.length)] : [];
  });
}

/**
 * @param {Folded[]} words
 * @param {string} key
 * @returns {Range | null}
 */
function rangeOf(words, key) {
  const all = {
    text: words.map(({ text }) => text).join(""),
    starts: words.flatMap(({ starts }) => starts),
    ends: words.flatMap(({ ends }) => ends),
  };
  let wordStart = 0;
  for (const { text } of words) {
    if (all.text.startsWith(key, wordStart)) return rangeIn(all, wordStart, key.length);
    wordStart += text.length;
  }
  const at = all.text.indexOf(key);
  return at >= 0 && key.length >= MIN_TYPO ? rangeIn(all, at, key.length) : null;
}

/**
 * @param {Folded} folded
 * @param {number} at
 * @param {number} length
 * @returns {Range}
 */
function rangeIn({ starts, ends }, at, length) {
  return [starts[at] ?? 0, ends[at + length - 1] ?? 0];
}

/**
 * The words of a text in lower case, without accents, apostrophes and periods.
 * @param {string} text
 * @returns {Folded[]}
 */
function fold(text) {
  /** @type {Folded} */
  let word = { text: "", starts: [], ends: [] };
  const words = [word];
  let at = 0;
  for (const character of text) {
    const end = at + character.length;
    const letters = character
      .normalize("NFKD")
      .toUpperCase()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]/gu, "");
    word.text += letters;
    word.starts.push(...Array(letters.length).fill(at));
    word.ends.push(...Array(letters.length).fill(end));
    const isInWord = letters || /['’.\p{M}]/u.test(character);
    if (!isInWord && word.text) words.push((word = { text: "", starts: [], ends: [] }));
    at = end;
  }
  return words.filter((each) => each.text && each.text !== "and");
}

/**
 * Whether one letter is missing, added or replaced, or two neighbours are exchanged.
 * @param {string} one
 * @param {string} other
 */
function hasOneTypingError(one, other) {
  const shorter = Math.min(one.length, other.length);
  if (shorter < MIN_TYPO - 1 || one.length < MIN_TYPO) return false;
  let start = 0;
  while (start < shorter && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  return (left.length <= 1 && right.length <= 1) || (left.length === 2 && right === [...left].reverse().join(""));
}
