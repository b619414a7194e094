// The page works without this: `/` goes to the window's field, and a field that is empty stays out of the address.
document.addEventListener("keydown", (event) => {
  const inField = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
  if (event.key === "/" && !inField) {
    const field = document.querySelector("form.scope input");
    if (field) { event.preventDefault(); field.focus(); }
  }
});
for (const form of document.querySelectorAll("form.scope")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}
