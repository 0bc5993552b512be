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

const SLEEP = "require('@temporalio/workflow').sleep(1)";

/** The workflow code that decides which commands there are. */
const FILES = [
  'create-order-saga',
  'cancel-order-saga',
  'step-batch',
  'step-run',
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
  const replace = (kind: string, node: ts.Node, becomes: string) => {
    const [start, end] = [node.getStart(), node.getEnd()];
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

type Replace = (kind: string, node: ts.Node, becomes: string) => void;

function mutate(node: ts.Node, replace: Replace): void {
  if (ts.isIfStatement(node)) {
    replace('condition inverted', node.expression, `!(${node.expression.getText()})`);
    replace('guard dropped', node.expression, 'false');
  }
  if (ts.isConditionalExpression(node))
    replace('condition inverted', node.condition, `!(${node.condition.getText()})`);
  if (ts.isCaseClause(node) && node.statements.length > 0) replace('case dropped', node, '');
  if (ts.isCallExpression(node)) mutateCall(node, replace);
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
  }
  if (ts.isIdentifier(expression) && expression.text === 'upsertSearchAttributes')
    replace('search attribute dropped', node, 'undefined');
  if (!ts.isPropertyAccessExpression(expression)) return;
  const object = expression.expression.getText();
  if (object === 'create' || object === 'reserve') return;
  const { name } = expression;
  if (object !== 'steps' && object !== 'this.steps') return;
  const answer = STEPS[name.text];
  if (answer === undefined) {
    replace('activity renamed', name, `${name.text}V2`);
    return;
  }
  replace('step dropped', node, `Promise.resolve(${answer})`);
  replace('step added', node, `${call}.then(() => ${call})`);
  replace('step taken for another', name, CONFUSED[name.text] ?? name.text);
  replace('timer added', node, `${SLEEP}.then(() => ${call})`);
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
