import { useEffect, useRef, useState } from "react";
import { Dialog } from "./Dialog";

interface Props {
  readonly onPicture: (picture: Blob) => void;
  readonly onClose: () => void;
}

/** Takes a picture with the camera; nothing is recorded, and it is switched off with the dialog. */
export function CameraDialog({ onPicture, onClose }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const [ready, setReady] = useState(false);
  const [problem, setProblem] = useState("");

  useEffect(() => {
    let stream: MediaStream | undefined;
    let gone = false;
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false })
      .then(async (opened) => {
        stream = opened;
        if (gone || !video.current) return stop();
        video.current.srcObject = opened;
        await video.current.play();
        setReady(true);
      })
      .catch((error: unknown) => {
        if (!gone) setProblem(cameraErrorText(error));
      });
    return () => {
      gone = true;
      stop();
    };
  }, []);

  const take = () => {
    const from = video.current;
    if (!from) return;
    const canvas = document.createElement("canvas");
    canvas.width = from.videoWidth;
    canvas.height = from.videoHeight;
    canvas.getContext("2d")?.drawImage(from, 0, 0);
    canvas.toBlob((blob) => blob && onPicture(blob), "image/jpeg", 0.92);
  };

  return (
    <Dialog title="Camera" onClose={onClose}>
      {problem ? (
        <p role="alert">{problem}</p>
      ) : (
        <>
          <video ref={video} muted playsInline aria-label="What the camera sees" />
          <p>Hold one digit in the middle, on plain paper.</p>
          <button type="button" className="primary" disabled={!ready} onClick={take}>
            Take the picture
          </button>
        </>
      )}
    </Dialog>
  );
}

function cameraErrorText(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") {
    return "This page may not use the camera. Allow it in the browser's settings for this page, or open a picture.";
  }
  if (name === "NotFoundError") return "There is no camera here. Open a picture instead.";
  if (name === "NotReadableError") {
    return "The camera is in use by another program. Close that, or open a picture.";
  }
  return "The camera cannot be used. Open a picture instead.";
}
