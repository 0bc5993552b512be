/** The mutations of one node of the workflow code, as a careless edit might make them. */
import ts from 'typescript';
import type * as orderSteps from '../../workflows/order-steps';

export type Replace = (kind: string, place: Pick<ts.Node, 'getStart' | 'getEnd'>, becomes: string) => void;

type StepName = keyof typeof orderSteps;

/** Each step of an order, with the answer that replaces it when the step is dropped. */
const STEPS: Readonly<Record<StepName, string>> = {
  createPendingOrder: "{ outcome: 'created' }",
  reserveCredit: "{ outcome: 'reserved' }",
  approveOrder: "{ outcome: 'approved' }",
  cancelOrder: "{ outcome: 'cancelled', reason: 'CUSTOMER_REQUEST' }",
  requestCancellation: "{ outcome: 'cancelling' }",
  releaseCredit: "{ outcome: 'released' }",
  giveUpOrder: "{ outcome: 'given-up' }",
};

/** Steps that an edit might confuse, the likeliest first. The first one that the file imports is used, so the code still runs. */
const CONFUSED: Readonly<Partial<Record<StepName, readonly StepName[]>>> = {
  createPendingOrder: ['approveOrder'],
  reserveCredit: ['releaseCredit'],
  approveOrder: ['cancelOrder'],
  cancelOrder: ['approveOrder', 'releaseCredit'],
  requestCancellation: ['cancelOrder'],
  releaseCredit: ['reserveCredit', 'cancelOrder'],
};

/** Calls of the engine that produce or order commands: the kind of mutant that drops the call, and the replacement. */
const CALLS: Readonly<Record<string, readonly [kind: string, becomes: string]>> = {
  sleep: ['timer dropped', 'Promise.resolve()'],
  condition: ['turn of results dropped', 'Promise.resolve()'],
  upsertMemo: ['memo dropped', 'undefined'],
  upsertSearchAttributes: ['search attribute dropped', 'undefined'],
  'scope.cancel': ['cancellation of an attempt dropped', 'undefined'],
  'rendezvous.enter': ['turn-taking dropped', 'undefined'],
  'rendezvous.leave': ['turn-taking dropped', 'undefined'],
  'this.rendezvous.enter': ['turn-taking dropped', 'undefined'],
  'this.rendezvous.leave': ['turn-taking dropped', 'undefined'],
  'this.#parked.handleSignals': ['signals not handled', 'undefined'],
};

const OTHER_PLACE: Readonly<Record<string, string>> = {
  proxyActivities: 'proxyLocalActivities',
  proxyLocalActivities: 'proxyActivities',
};

const SLEEP = "require('@temporalio/workflow').sleep(1)";

export function mutate(node: ts.Node, replace: Replace): void {
  if (ts.isIfStatement(node)) {
    replace('condition inverted', node.expression, `!(${node.expression.getText()})`);
    replace('guard dropped', node.expression, 'false');
  }
  if (ts.isConditionalExpression(node))
    replace('condition inverted', node.condition, `!(${node.condition.getText()})`);
  if (ts.isCaseClause(node) && node.statements.length > 0) replace('case dropped', node, '');
  if (ts.isCallExpression(node)) mutateCall(node, replace);
  if (ts.isBlock(node) && ts.isFunctionLike(node.parent)) swapNeighbours(node, replace);
  if (ts.isBlock(node) && isAsyncFunction(node.parent)) {
    const rest = node.getText().slice(1);
    replace('branch on the clock', node, `{ if (Date.now() % 2 === 0) await ${SLEEP}; ${rest}`);
  }
}

function mutateCall(node: ts.CallExpression, replace: Replace): void {
  const called = node.expression.getText();
  const lost = CALLS[called];
  if (lost) replace(lost[0], node, lost[1]);
  const other = OTHER_PLACE[called];
  if (other !== undefined) replace('local activity to regular or back', node.expression, other);
  const [first, second] = node.arguments;
  if (called === 'defineStep' && second && ts.isStringLiteral(second))
    replace('activity renamed', second, `'${second.text}V2'`);
  if (called === 'saga.unwind' && first) replace('compensations dropped', node, first.getText());
  const step = stepOf(node);
  if (!step) return;
  const call = node.getText();
  replace('step dropped', node, `Promise.resolve(${STEPS[step.name]})`);
  replace('step added', node, `${call}.then(() => ${call})`);
  const imported = importedBy(node.getSourceFile());
  const another = CONFUSED[step.name]?.find((name) => imported.includes(name));
  if (another !== undefined) replace('step taken for another', step.at, another);
  replace('timer added', node, `${SLEEP}.then(() => ${call})`);
}

function importedBy({ statements }: ts.SourceFile): string[] {
  return statements.flatMap((statement) => {
    const named = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
    return named && ts.isNamedImports(named) ? named.elements.map(({ name }) => name.text) : [];
  });
}

/** A step where a saga asks for it. */
interface StepCall {
  readonly name: StepName;
  readonly at: ts.Identifier;
}

/** @returns undefined for any other call */
function stepOf(node: ts.CallExpression): StepCall | undefined {
  const [at] = node.arguments;
  if (node.expression.getText() !== 'saga.step' || !at || !ts.isIdentifier(at)) return undefined;
  return isStep(at.text) ? { name: at.text, at } : undefined;
}

function isStep(name: string): name is StepName {
  return name in STEPS;
}

/** Swaps each step of the function with the next one. */
function swapNeighbours(body: ts.Block, replace: Replace): void {
  const steps: StepCall[] = [];
  const visit = (node: ts.Node): void => {
    const step = ts.isCallExpression(node) ? stepOf(node) : undefined;
    if (step) steps.push(step);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  ts.forEachChild(body, visit);
  steps.forEach((first, index) => {
    const second = steps[index + 1];
    if (!second || second.name === first.name) return;
    const between = body.getSourceFile().text.slice(first.at.getEnd(), second.at.getStart());
    const both = { getStart: () => first.at.getStart(), getEnd: () => second.at.getEnd() };
    replace('two steps swapped', both, second.name + between + first.name);
  });
}

function isAsyncFunction(node: ts.Node): boolean {
  if (!ts.isFunctionLike(node) || !ts.canHaveModifiers(node)) return false;
  return ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) === true;
}
