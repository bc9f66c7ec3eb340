import { useEffect, useState } from "react";

/** Whether there is a camera; browsers offer it only over HTTPS and on localhost. */
export function useHasCamera(): boolean {
  const [hasCamera, setHasCamera] = useState(false);
  useEffect(() => {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices?.enumerateDevices) return;
    let unmounted = false;
    const update = () =>
      devices.enumerateDevices().then(
        (found) => !unmounted && setHasCamera(found.some(({ kind }) => kind === "videoinput")),
        () => undefined,
      );
    void update();
    devices.addEventListener("devicechange", update);
    return () => {
      unmounted = true;
      devices.removeEventListener("devicechange", update);
    };
  }, []);
  return hasCamera;
}
