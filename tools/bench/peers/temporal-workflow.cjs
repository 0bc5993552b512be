/** The workflow of temporal.mjs, which Temporal bundles. */
const { proxyActivities } = require('@temporalio/workflow');

const { createPending, approve } = proxyActivities({ startToCloseTimeout: '10 seconds' });
const { reserveCredit } = proxyActivities({ startToCloseTimeout: '10 seconds', taskQueue: 'credit' });

exports.placeOrder = async function placeOrder(order) {
  await createPending(order);
  await reserveCredit(order);
  return approve(order);
};
