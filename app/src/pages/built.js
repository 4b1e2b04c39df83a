async (script, binary) => {
  const module = await import(script);
  await module.default({ module_or_path: binary });
  module.hydrate();
  const wake = async (node, enterOwner) => {
    if (node.tagName === "LEPTOS-ISLAND") {
      enterOwner?.();
      const island = module[node.dataset.component];
      if (!island) throw new Error(`no island ${node.dataset.component} in the module`);
      await island(node);
    } else if (node.tagName === "LEPTOS-CHILDREN") {
      enterOwner = node.$$on_hydrate;
    }
    await Promise.all(Array.from(node.children, (child) => wake(child, enterOwner)));
  };
  globalThis.lecternWake = wake;
  await wake(document.body);
  document.documentElement.dataset.ready = "";
}
