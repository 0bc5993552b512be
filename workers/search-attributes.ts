/** The search attributes that a Temporal namespace needs before sagas run in it; each is a KeywordList. */
import { ORDER_IDS_ATTRIBUTE } from '../domain/names';
import { NEEDS_ATTENTION_ATTRIBUTE } from '../saga/contract';

export const SEARCH_ATTRIBUTES = [ORDER_IDS_ATTRIBUTE, NEEDS_ATTENTION_ATTRIBUTE] as const;
