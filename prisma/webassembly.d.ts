/** The part of Node's WebAssembly global that we use; @types/node does not declare it. */
declare namespace WebAssembly {
  function instantiate(
    code: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ instance: { exports: { readonly __wbindgen_start: () => void } } }>;
}
