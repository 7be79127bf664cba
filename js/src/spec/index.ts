// What a lab is, as the kernel (or an exported page) says it: the vocabulary that the front end
// runs, room by room that of scalewidgets/widgets/vocabulary/. Nothing here knows Jupyter or the DOM.

export type * from "./controls";
export type * from "./facts";
export type * from "./marks";
export type * from "./numbers";
export type * from "./page";
export type * from "./relations";
