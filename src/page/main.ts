/** Starts the page: which part is shown, and in which language. */

import { byId } from "./dom.ts";
import { Lesson } from "./lesson_view.ts";
import { Live } from "./live_view.ts";
import { currentLanguage, type Language, setLanguage } from "./text.ts";
import { PAGE_TEXTS } from "./page_texts.ts";

const KEY = "woshou-language";

/** The language that was chosen before, or that the browser prefers. */
function firstLanguage(): Language {
  const kept = localStorage.getItem(KEY);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Translates what stands in the page itself: the elements that name one of its texts. */
function translate(): void {
  document.documentElement.lang = currentLanguage() === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll<HTMLElement>("[data-text]")) {
    element.textContent = PAGE_TEXTS[element.dataset.text!][currentLanguage()];
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-label]")) {
    element.setAttribute("aria-label", PAGE_TEXTS[element.dataset.label!][currentLanguage()]);
  }
  document.title = PAGE_TEXTS.title[currentLanguage()];
}

function start(): void {
  setLanguage(firstLanguage());
  translate();
  const live = new Live();
  const lesson = new Lesson();
  const show = () => {
    const isLesson = location.hash === "#lesson";
    byId("live").hidden = isLesson;
    byId("lesson").hidden = !isLesson;
    byId("status").hidden = isLesson;
    byId("to-live").setAttribute("aria-current", isLesson ? "false" : "page");
    byId("to-lesson").setAttribute("aria-current", isLesson ? "page" : "false");
    if (isLesson) void lesson.open();
    if (isLesson || document.hidden) live.close();
    else live.open();
  };
  addEventListener("hashchange", show);
  document.addEventListener("visibilitychange", show);
  byId("language").addEventListener("click", () => {
    setLanguage(currentLanguage() === "en" ? "zh" : "en");
    localStorage.setItem(KEY, currentLanguage());
    translate();
    live.redraw();
    show();
  });
  show();
}

start();
