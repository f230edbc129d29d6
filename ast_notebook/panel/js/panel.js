/**
 * The live panel in the browser, as anywidget calls it: one store for each model, which takes in what
 * the kernel sends, and any number of views of it. All text from the wire is set as text, never as
 * markup.
 *
 * A view draws in an animation frame, only the sections that are on the screen, and touches only the
 * cells whose text changed.
 */

/** @import { Model } from "./store.js" */

import { Store } from "./store.js";
import { View } from "./view.js";

/** The stores of this page, by the names of their panels. @type {Map<string, Store>} */
const stores = new Map();

export default {
  /** @param {{model: Model}} made */
  initialize({ model }) {
    const name = model.get("name");
    const store = new Store(model);
    stores.set(name, store);
    return () => {
      store.close();
      stores.delete(name);
    };
  },

  /** @param {{model: Model, el: HTMLElement}} shown */
  render({ model, el }) {
    const store = stores.get(model.get("name"));
    if (!store) throw new Error("a panel is shown that was not initialized");
    const view = new View(store, el);
    store.views.add(view);
    return () => {
      view.close();
      store.views.delete(view);
      store.look();
    };
  },
};
