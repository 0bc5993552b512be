/** Keys for PAYLOAD_ENCRYPTION_KEYS, which are nobody's secret. */
export const key = (id: string, byte: number): string => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;

export const OLD = key('2025', 1);
export const NEW = key('2026', 2);
