import type { ReactNode } from "react";

const PATHS = {
  pen: "M4 20l1.2-4.6L16.6 4a1.9 1.9 0 0 1 2.7 0l.7.7a1.9 1.9 0 0 1 0 2.7L8.6 18.8zM14.5 6.1l3.4 3.4",
  eraser:
    "M9 19h11M5.2 13.2L13.6 4.8a1.8 1.8 0 0 1 2.6 0l3.4 3.4a1.8 1.8 0 0 1 0 2.6L11.4 19H8.2l-3-3.2a1.8 1.8 0 0 1 0-2.6zM9.8 8.6l6 6",
  undo: "M8 4L4 8l4 4M4.5 8H14a5.5 5.5 0 0 1 0 11H9",
  redo: "M16 4l4 4-4 4M19.5 8H10a5.5 5.5 0 0 0 0 11h5",
  clear: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  open: "M4 18.5v-13h5.5l2 2.5H20v10.5zM4 11h16",
  camera: "M4 7.5h4l1.5-2.5h5L16 7.5h4v11H4zM12 16a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z",
  close: "M6 6l12 12M18 6L6 18",
  link: "M10 13.5a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10.5a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  done: "M5 12.5l4.5 4.5L19 7.5",
  keyboard:
    "M3.5 6.5h17v11h-17zM7 10h.01M10.3 10h.01M13.7 10h.01M17 10h.01M7 14h.01M17 14h.01M9.5 14h5",
  light:
    "M12 16.2a4.2 4.2 0 1 0 0-8.4 4.2 4.2 0 0 0 0 8.4zM12 3v1.8M12 19.2V21M3 12h1.8M19.2 12H21M5.6 5.6l1.3 1.3M17.1 17.1l1.3 1.3M18.4 5.6l-1.3 1.3M6.9 17.1l-1.3 1.3",
  dark: "M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z",
  system: "M3.5 5h17v11h-17zM9 19.5h6M12 16v3.5",
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon next to a text label. */
export function Icon({ name }: { readonly name: IconName }): ReactNode {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
