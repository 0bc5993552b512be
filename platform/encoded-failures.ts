/**
 * Encodes the messages and stack traces of failures like all other payloads, so that a payload codec covers them: a reason
 * may name an operator, and a message may quote a row. The SDK loads this module by its path, into the processes and into
 * the bundle of the workflow code. Failures that were recorded without it are still read.
 */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
