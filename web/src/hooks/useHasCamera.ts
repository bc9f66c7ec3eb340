import { useEffect, useState } from "react";

/** Whether there is a camera that a page may ask for: only over HTTPS, or on this machine. */
export function useHasCamera(): boolean {
  const [camera, setCamera] = useState(false);
  useEffect(() => {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices?.enumerateDevices) return;
    let gone = false;
    const look = () =>
      devices.enumerateDevices().then(
        (found) => !gone && setCamera(found.some(({ kind }) => kind === "videoinput")),
        () => undefined,
      );
    void look();
    devices.addEventListener("devicechange", look);
    return () => {
      gone = true;
      devices.removeEventListener("devicechange", look);
    };
  }, []);
  return camera;
}
