/** The documents are found: the index links each of them, and every relative link leads somewhere. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../support/start';

const INDEX = 'docs/README.md';
const GLOSSARY = 'docs/glossary.md';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

/** Every document below docs/, relative to the project. */
const IN_DOCS = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => path.posix.join('docs', file.split(path.sep).join('/')))
  .sort();

const DOCUMENTS = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'saga/README.md'],
  ...IN_DOCS,
];

/** Without code, in which brackets mean something else, and without comments, which nobody sees. */
const proseOf = (file: string) =>
  read(file)
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/^(`{3,}).*\n[\s\S]*?^\1`*$/gm, '')
    .replace(/`[^`\n]+`/g, (code) => code.replaceAll(/[[\]]/g, ''));

interface Link {
  readonly text: string;
  /** The file, relative to the project. */
  readonly file: string;
  /** Of a heading; empty: the file as a whole. */
  readonly anchor: string;
}

/** Links to places within the project, inline ones and references. */
function linksOf(document: string): Link[] {
  const prose = proseOf(document);
  const inline = prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g);
  const references = prose.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm);
  return [...inline, ...references].flatMap(([, target = '']) => {
    if (/^[a-z][a-z\d+.-]*:/i.test(target)) return [];
    const [file = '', anchor = ''] = decodeURI(target).split('#');
    const from = file === '' ? document : path.posix.join(path.posix.dirname(document), file);
    return [{ text: target, file: path.posix.normalize(from), anchor }];
  });
}

/** The anchors that GitHub gives to the headings of a document. */
function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>();
  const headings = read(document)
    .replace(/^(`{3,}).*\n[\s\S]*?^\1`*$/gm, '')
    .matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm);
  for (const [, heading = ''] of headings) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count += 1) unique = `${anchor}-${String(count)}`;
    anchors.add(unique);
  }
  return anchors;
}

function isDead({ file, anchor }: Link): boolean {
  const place = path.join(ROOT, file);
  if (file.startsWith('..') || !existsSync(place)) return true;
  if (anchor === '') return false;
  return statSync(place).isDirectory() || !file.endsWith('.md') || !anchorsOf(file).has(anchor);
}

test('the index links every document of docs/, and the folder of the decisions', () => {
  const linked = new Set(linksOf(INDEX).map(({ file }) => file.replace(/\/$/, '')));
  const wanted = IN_DOCS.filter((file) => file !== INDEX && !file.startsWith('docs/adr/'));
  expect(wanted.length).toBeGreaterThan(5);
  expect([...wanted, 'docs/adr'].filter((file) => !linked.has(file))).toEqual([]);
});

test('the README links the index', () => {
  expect(linksOf('README.md').map(({ file }) => file)).toContain(INDEX);
});

test.each(DOCUMENTS)('every relative link of %s leads to a file, and to an existing heading', (document) => {
  const dead = linksOf(document).filter(isDead);
  expect(dead.map(({ text }) => text)).toEqual([]);
});

test('each term of the glossary occurs once, in alphabetical order', () => {
  const terms = Array.from(read(GLOSSARY).matchAll(/^## (.+)$/gm), ([, term = '']) => term.toLowerCase());
  expect(terms.length).toBeGreaterThan(30);
  expect(terms).toEqual([...new Set(terms)].sort());
});
