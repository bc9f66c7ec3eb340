"""The neural network from scratch: layers, a chain of them, losses, optimizers and schedules.

Read it in this order: `layers`, `network`, `losses`, `optimizers`, `schedules`. The letters of
the comments: N examples in a batch, I inputs and O outputs of a layer, C classes, P parameters.
"""
