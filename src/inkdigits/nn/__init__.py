"""The neural network from scratch: layers, a network of them, losses, optimizers and schedules.

Read it in this order: `layers`, `convolution`, `network`, `losses`, `optimizers`, `schedules`. In
the comments, N is the batch size, I and O a layer's inputs and outputs, H, W and C an image's
height, width and channels, C also the number of classes, and P the number of parameters.
"""
