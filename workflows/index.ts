/** Entry of the workflow bundle: every workflow type that our workers run. */
export { cancelOrderSaga } from './cancel-order-saga';
export { createOrderSaga } from './create-order-saga';
