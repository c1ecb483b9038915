/**
 * Loads the page again when a module of it did not come, as while the fleet starts: a browser does not ask for such a module
 * twice. A classic script before the modules, so that it is there when one of them fails.
 */
const pauseMs = 2_500;

addEventListener(
  'error',
  (event) => {
    if (event.target instanceof HTMLScriptElement) setTimeout(() => location.reload(), pauseMs);
  },
  // Such an event does not bubble; on its way down it passes here.
  true,
);
