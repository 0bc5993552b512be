/** Entry of the workflow bundle: the workflow types that our workers run. */
export { cancelOrderSaga } from './cancel-order-saga';
export { createOrderSaga } from './create-order-saga';
