import { useEffect, useRef, useState } from "react";
import { Dialog } from "./Dialog";

interface Props {
  /** What the photo should show. */
  readonly subject: "digit" | "number" | "drawing";
  readonly onPhoto: (photo: Blob) => void;
  readonly onClose: () => void;
}

/** Takes a photo. Nothing is recorded, and closing the dialog turns the camera off. */
export function CameraDialog({ subject, onPhoto, onClose }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const [ready, setReady] = useState(false);
  const [error, setError] = useState("");

  useEffect(() => {
    let stream: MediaStream | undefined;
    let unmounted = false;
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false })
      .then(async (opened) => {
        stream = opened;
        if (unmounted || !video.current) return stop();
        video.current.srcObject = opened;
        await video.current.play();
        setReady(true);
      })
      .catch((error: unknown) => {
        if (!unmounted) setError(errorText(error));
      });
    return () => {
      unmounted = true;
      stop();
    };
  }, []);

  const takePhoto = () => {
    const source = video.current;
    if (!source) return;
    const canvas = document.createElement("canvas");
    canvas.width = source.videoWidth;
    canvas.height = source.videoHeight;
    canvas.getContext("2d")?.drawImage(source, 0, 0);
    canvas.toBlob((blob) => blob && onPhoto(blob), "image/jpeg", 0.92);
  };

  return (
    <Dialog title="Camera" onClose={onClose}>
      {error ? (
        <p role="alert">{error}</p>
      ) : (
        <div className="camera">
          <video ref={video} muted playsInline aria-label="Camera preview" />
          <p>
            {subject === "drawing"
              ? "Center one drawing, on plain paper."
              : `Center one ${subject}, written on plain paper.`}
          </p>
          <button type="button" className="primary" disabled={!ready} onClick={takePhoto}>
            Take photo
          </button>
        </div>
      )}
    </Dialog>
  );
}

function errorText(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") {
    return "This page is not allowed to use the camera. Allow it in your browser's site settings, or open an image instead.";
  }
  if (name === "NotFoundError") return "No camera was found. Open an image instead.";
  if (name === "NotReadableError") {
    return "Another program is using the camera. Close it, or open an image instead.";
  }
  return "The camera cannot be used. Open an image instead.";
}
