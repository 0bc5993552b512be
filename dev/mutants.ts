/**
 * Changes to the workflows that break sagas under way, generated from the source: each is what a careless
 * edit might do. Only the edits are made here; `replay-mutants.ts` replays the recorded histories against each.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from './paths';

export interface Mutant {
  /** What kind of change. */
  readonly kind: string;
  /** Below the project. */
  readonly file: string;
  readonly line: number;
  /** The text that is replaced, and by what. */
  readonly was: string;
  readonly becomes: string;
  /** The whole file, changed. */
  readonly text: string;
}

/** The saga's steps, and an answer with which a saga goes on that never ran the step. */
const STEPS: Readonly<Record<string, string>> = {
  createPendingOrder: "{ outcome: 'created' }",
  reserveCredit: "{ outcome: 'reserved' }",
  approveOrder: "{ outcome: 'approved' }",
  cancelOrder: "{ outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' }",
  requestCancellation: "{ outcome: 'cancelling' }",
  releaseCredit: "{ outcome: 'released' }",
  giveUpOrder: "{ outcome: 'given-up' }",
};

/** Steps that an edit might confuse: with the one before it, or the one after. */
const CONFUSED: Readonly<Record<string, string>> = {
  createPendingOrder: 'cancelOrder',
  reserveCredit: 'releaseCredit',
  approveOrder: 'cancelOrder',
  cancelOrder: 'releaseCredit',
  requestCancellation: 'cancelOrder',
  releaseCredit: 'reserveCredit',
  giveUpOrder: 'cancelOrder',
};

const PLACES: Readonly<Record<string, string>> = {
  here: 'whereCreditIs',
  whereCreditIs: 'here',
  proxyActivities: 'proxyLocalActivities',
  proxyLocalActivities: 'proxyActivities',
};

const WORKFLOW = "require('@temporalio/workflow')";
const SLEEP = `${WORKFLOW}.sleep(1)`;

/** Here a step is an activity, by its name. */
const ACTIVITIES = 'workflows/saga-steps.ts';

/** The workflow code that decides which commands there are. */
const FILES = [
  'create-order-saga',
  'cancel-order-saga',
  'step-batch',
  'step-run',
  'step-limit',
  'local-results',
  'parked-steps',
  'cancel-approved',
  'saga-steps',
  'saga-failures',
  'attention',
  'turn',
];

export function generateMutants(): Mutant[] {
  return FILES.flatMap((name) => mutantsOf(`workflows/${name}.ts`));
}

function mutantsOf(file: string): Mutant[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const replace: Replace = (kind, place, becomes) => {
    const [start, end] = [place.getStart(), place.getEnd()];
    mutants.push({
      kind,
      file,
      line: source.getLineAndCharacterOfPosition(start).line + 1,
      was: oneLine(text.slice(start, end)),
      becomes: oneLine(becomes),
      text: text.slice(0, start) + becomes + text.slice(end),
    });
  };
  const visit = (node: ts.Node): void => {
    mutate(node, replace);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

type Replace = (kind: string, place: Pick<ts.Node, 'getStart' | 'getEnd'>, becomes: string) => void;

function mutate(node: ts.Node, replace: Replace): void {
  if (ts.isIfStatement(node)) {
    replace('condition inverted', node.expression, `!(${node.expression.getText()})`);
    replace('guard dropped', node.expression, 'false');
  }
  if (ts.isConditionalExpression(node))
    replace('condition inverted', node.condition, `!(${node.condition.getText()})`);
  if (ts.isCaseClause(node) && node.statements.length > 0) replace('case dropped', node, '');
  if (ts.isCallExpression(node)) mutateCall(node, replace);
  if (isFunctionBody(node)) swapNeighbours(node, replace);
  if (ts.isIdentifier(node) && isPlace(node)) {
    const becomes = PLACES[node.text];
    if (becomes !== undefined) replace('local activity to regular or back', node, becomes);
  }
  if (ts.isBlock(node) && isAsyncFunction(node.parent)) {
    const rest = node.getText().slice(1);
    replace('branch on the clock', node, `{ if (Date.now() % 2 === 0) await ${SLEEP}; ${rest}`);
  }
}

function mutateCall(node: ts.CallExpression, replace: Replace): void {
  const { expression } = node;
  const call = node.getText();
  if (ts.isIdentifier(expression) && expression.text === 'sleep') replace('timer dropped', node, 'undefined');
  if (ts.isIdentifier(expression) && expression.text === 'patched') {
    replace('patch removed too early', node, 'true');
    replace('patch renamed', node, "patched('another')");
    const [id] = node.arguments;
    if (id)
      replace('patch deprecated too early', node, `(${WORKFLOW}.deprecatePatch(${id.getText()}), true)`);
  }
  if (ts.isIdentifier(expression) && expression.text === 'startChild')
    replace('child saga dropped', node, 'Promise.resolve()');
  if (ts.isIdentifier(expression) && expression.text === 'upsertSearchAttributes')
    replace('search attribute dropped', node, 'undefined');
  const name = stepName(node);
  if (!name) return;
  const answer = node.getSourceFile().fileName === ACTIVITIES ? undefined : STEPS[name.text];
  if (answer === undefined) {
    replace('activity renamed', name, `${name.text}V2`);
    return;
  }
  replace('step dropped', node, `Promise.resolve(${answer})`);
  replace('step added', node, `${call}.then(() => ${call})`);
  replace('step taken for another', name, CONFUSED[name.text] ?? name.text);
  replace('timer added', node, `${SLEEP}.then(() => ${call})`);
}

/** @returns undefined for a call that asks for no step */
function stepName({ expression }: ts.CallExpression): ts.Identifier | undefined {
  if (!ts.isPropertyAccessExpression(expression) || !ts.isIdentifier(expression.name)) return undefined;
  const object = expression.expression.getText();
  return object === 'steps' || object === 'this.steps' ? expression.name : undefined;
}

/** Each step of the function in the place of the one after it, and the other way round. */
function swapNeighbours(body: ts.Block, replace: Replace): void {
  const calls: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && stepName(node)) calls.push(node);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  ts.forEachChild(body, visit);
  calls.forEach((first, index) => {
    const second = calls[index + 1];
    if (!second) return;
    const between = body.getSourceFile().text.slice(first.getEnd(), second.getStart());
    const both = { getStart: () => first.getStart(), getEnd: () => second.getEnd() };
    replace('two steps swapped', both, second.getText() + between + first.getText());
  });
}

function isFunctionBody(node: ts.Node): node is ts.Block {
  return ts.isBlock(node) && ts.isFunctionLike(node.parent);
}

/** A use of a name, not its declaration or import. */
function isPlace(node: ts.Identifier): boolean {
  return ts.isCallExpression(node.parent);
}

function isAsyncFunction(node: ts.Node): boolean {
  if (!ts.isFunctionLike(node) || !ts.canHaveModifiers(node)) return false;
  return ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) === true;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
