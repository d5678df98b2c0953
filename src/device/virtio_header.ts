/** Bytes of the virtio-net header that precedes each frame of a device with offload. */
export const VIRTIO_HEADER_BYTES = 10;
