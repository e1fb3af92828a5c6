/**
 * The console's only script: refreshes what is marked `data-live`, shows times in the viewer's zone, copies, looks at
 * chosen columns again, and a few keys. Every page works without it.
 */
export const consoleScript = `
const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });
const showTimes = (root) => {
  for (const time of root.querySelectorAll('time[datetime]:not([title])')) {
    time.title = time.textContent.trim();
    time.textContent = local.format(new Date(time.dateTime));
  }
};
const isFilledIn = (field) => field.type === 'checkbox' ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
const isBusy = (part) => [...part.querySelectorAll('input, textarea')].some(isFilledIn) ||
  (part.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName));
const refresh = async () => {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.getElementById(part.id);
    if (!next || isBusy(part) || part.dataset.seen === next.innerHTML) continue;
    const seen = next.innerHTML;
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    part.innerHTML = seen;
    part.dataset.seen = seen;
    showTimes(part);
    if (focused) part.querySelector('a[href="' + CSS.escape(focused) + '"]')?.focus();
  }
};
const every = 10000;
const again = () => setTimeout(() => refresh().catch(() => undefined).then(again), every);
if (document.querySelector('[data-live]')) again();
showTimes(document);
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-copy]');
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const text = button.textContent;
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = text; }, 1500);
});
const look = async (form) => {
  const chosen = new URLSearchParams(new FormData(form));
  chosen.delete('formToken');
  const answer = await fetch(form.action + '?' + chosen, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of form.querySelectorAll('[data-fresh]')) {
    const next = fresh.getElementById(part.id);
    if (next && next.innerHTML !== part.innerHTML) part.innerHTML = next.innerHTML;
  }
};
let looking = Promise.resolve();
document.addEventListener('change', (event) => {
  const form = event.target.closest('form[data-look]');
  if (form) looking = looking.then(() => look(form)).catch(() => undefined);
});
const move = (by) => {
  const links = [...document.querySelectorAll('tr[data-row] a')].filter((link, i, all) => all.findIndex((other) => other.closest('tr') === link.closest('tr')) === i);
  if (links.length === 0) return;
  const at = links.findIndex((link) => link.closest('tr').contains(document.activeElement));
  links[Math.min(links.length - 1, Math.max(0, at + by))].focus();
};
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const keys = { j: () => move(1), k: () => move(-1), '/': () => document.querySelector('form.filter input, form.filter select')?.focus(),
    '?': () => document.getElementById('keys')?.showModal() };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
`;
