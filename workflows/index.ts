/** Entry of the workflow bundle: every workflow type that our workers run. */
export { createOrderSaga } from './create-order-saga';
