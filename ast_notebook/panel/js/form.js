/** Forms whose fields have labels, and lists to complete from. */

/** @import { Field, ListName } from "./types.d.ts" */

import { make } from "./dom.js";

/**
 * Submit the form of a field in which Enter is pressed. In JupyterLab, the key by itself would not submit it,
 * since JupyterLab takes the key.
 * @param {KeyboardEvent} event
 */
export function submitByEnter(event) {
  if (event.key !== "Enter" || event.isComposing) return;
  if (!(event.target instanceof HTMLInputElement)) return;
  event.preventDefault();
  event.target.form?.requestSubmit();
}

/**
 * Make a form.
 * @param {(name: ListName) => string} listId
 * @param {Field[]} fields
 * @param {string} label of its button
 * @param {(values: Record<string, string>) => void} done
 * @param {...HTMLButtonElement} more buttons
 */
export function makeForm(listId, fields, label, done, ...more) {
  const inputs = fields.map((field) =>
    make("input", {
      name: field.name,
      list: field.list ? listId(field.list) : false,
      value: field.value || false,
      required: !field.optional,
      autocomplete: "off",
      spellcheck: "false",
    }),
  );
  const labels = fields.map((field, number) =>
    make("label", {}, make("span", { text: field.label }), inputs[number]),
  );
  const submit = make("button", { type: "submit", class: "ast-main", text: label });
  return make(
    "form",
    {
      class: "ast-form",
      keydown: submitByEnter,
      submit: (event) => {
        event.preventDefault();
        done(Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()])));
      },
    },
    ...labels,
    make("div", { class: "ast-buttons" }, submit, ...more),
  );
}
