import { useEffect, useEffectEvent, useState } from "react";
import { imageFileFrom } from "../lib/imageFiles";

/** Handle files that are pasted or dropped anywhere on the page; returns whether one is dragged over it. */
export function useImageDrop(onFile: (file: File) => void): boolean {
  const [dragging, setDragging] = useState(false);
  const handleFile = useEffectEvent(onFile);
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const onPaste = (event: ClipboardEvent) => {
      const file = imageFileFrom(event.clipboardData);
      if (!file) return;
      event.preventDefault();
      handleFile(file);
    };
    const onDragOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setDragging(true);
    };
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setDragging(false);
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setDragging(false);
      const file = imageFileFrom(event.dataTransfer);
      if (file) handleFile(file);
    };
    document.addEventListener("paste", onPaste);
    document.addEventListener("dragover", onDragOver);
    document.addEventListener("dragleave", onDragLeave);
    document.addEventListener("drop", onDrop);
    return () => {
      document.removeEventListener("paste", onPaste);
      document.removeEventListener("dragover", onDragOver);
      document.removeEventListener("dragleave", onDragLeave);
      document.removeEventListener("drop", onDrop);
    };
  }, []);
  return dragging;
}
