"""Draws random quantized networks in which channels are planted that are constant for every input,
with what the integer contract says of every tensor on the way."""
import numpy as np

from support import quantized_draw as draw
from support import quantized_reference as q

F = np.float32
MOST_CHANNELS = 9


class Tensor:
    """Codes of a network: where they are in the graph, and how to get them from its input."""

    def __init__(self, name, node, quantization, shape, evaluate):
        self.name, self.node, self.quantization = name, node, quantization
        self.shape, self.compute, self.last = shape, evaluate, None

    def evaluate(self, codes):
        """Layers ask for what they read once each: the last answer is kept."""
        if self.last is None or self.last[0] is not codes:
            self.last = codes, self.compute(codes)
        return self.last[1]


class Network:
    """A chain of layers with branches, on one input, in a graph that networks share."""

    def __init__(self, rng, graph):
        self.rng, self.graph = rng, graph
        x = draw.draw_activation(rng, draw.TYPED_BITS)
        self.shape = [1, int(rng.integers(1, 5)), *(int(s) for s in rng.integers(3, 7, 2))]
        self.input = x
        name = graph.input(self.shape, x.dtype)
        self.tensors = [Tensor(name, None, x, self.shape, lambda codes: codes)]
        self.planted, self.hasTwo = 0, rng.random() < 0.5
        self.convolve(self.tensors[-1])
        for _ in range(int(rng.integers(3, 9))):
            self.layer()
        if rng.random() < 0.3:
            self.average(self.output)
        if rng.random() < 0.5:
            self.classify(self.output)

    @property
    def output(self):
        return self.tensors[-1]

    def outputs(self):
        """The last tensor, and half of the time one on the way."""
        middle = self.tensors[len(self.tensors) // 2]
        return [self.output, middle] if self.hasTwo and middle.node else [self.output]

    def probe(self, tensor, count=4):
        """Codes of a tensor for some inputs."""
        return [tensor.evaluate(draw.draw_codes(self.rng, self.input, self.shape))
                for _ in range(count)]

    def add(self, name, node, quantization, evaluate):
        shape = list(evaluate(np.zeros(self.shape, self.input.dtype)).shape)
        self.tensors.append(Tensor(name, node, quantization, shape, evaluate))

    def pick(self, fits=lambda tensor: True):
        """One of the latest tensors of images that fit; the input seldom does better."""
        chosen = [t for t in self.tensors[-4:] if len(t.shape) == 4 and fits(t)]
        return chosen[-1 if self.rng.random() < 0.7 else int(self.rng.integers(0, len(chosen)))]

    def layer(self):
        kinds = [(self.convolve, 8), (self.combine, 3), (self.pool, 3), (self.table, 2),
                 (self.concatenate, 2), (self.move, 2)]
        weights = np.array([weight for _, weight in kinds], float)
        kinds[self.rng.choice(len(kinds), p=weights / weights.sum())][0](self.pick())

    def plant(self, weights, bias, multiplier, y, clip):
        """Makes output channels constant: no weights, or a sum far beyond what saturates; and some
        that are only nearly so."""
        rng = self.rng
        for channel in range(len(weights)):
            kind = rng.random()
            if kind < 0.2:
                weights[channel] = 0
                bias[channel] = 0 if rng.random() < 0.4 else rng.integers(-300, 300)
                self.planted += 1
            elif kind < 0.35:
                most = int(np.abs(weights[channel].astype(np.int64)).sum()) * 255
                past = int(600 / max(float(multiplier), 1e-4))
                bias[channel] = (most + past) * (1 if rng.random() < 0.3 else -1)
                self.planted += 1
            elif kind < 0.45:
                # About where the least sum begins to leave the saturated code.
                bias[channel] = -int(np.abs(weights[channel].astype(np.int64)).sum()) * 128

    def weights(self, shape):
        """(codes, quantization): 8 bits, symmetric, so that a weight of 0 is nothing."""
        rng = self.rng
        channels = shape[0] if rng.random() < 0.5 else 1
        scale = np.array([draw.draw_scale(rng) for _ in range(channels)], F)
        w = q.Quantization(scale, np.zeros(channels, np.int64), -128, 127, np.int8)
        codes = rng.integers(-128, 128, shape).astype(np.int8)
        codes[rng.random(shape) < 0.3] = 0
        return codes, w

    @staticmethod
    def exact(x, w):
        """A result that holds sums as they are, to draw another by."""
        return q.Quantization(np.array([x.single[0] * w.scale.min()], F), np.array([0]), -2**31,
                              2**31 - 1, np.int64)

    def bias(self, codes, x, w):
        """The name of the numbers of an i32 bias."""
        scale = (x.single[0] * w.scale).astype(F)
        b = q.Quantization(scale, np.zeros(scale.size, np.int64), 0, 0, np.int32)
        return self.graph.dequantize(self.graph.constant(codes.astype(np.int32)), b,
                                     0 if scale.size > 1 else None)

    def finish(self, numbers, node, y, clip, evaluate):
        graph = self.graph
        name = graph.quantize(draw.add_activation(graph, numbers, clip), y)
        self.add(name, node, y, evaluate)

    def result(self, numbers):
        """A quantization that tells these numbers apart, mostly, and an activation, seldom a narrow
        one: constants are to come from what is planted, and errors to reach the output."""
        rng, y = self.rng, draw.draw_activation(self.rng, draw.TYPED_BITS)
        low, high = min(float(numbers.min()), 0.0), max(float(numbers.max()), 0.0)
        scale = max((high - low) / 255, 1e-6) * rng.choice([0.5, 1.0, 1.0, 2.0])
        if rng.random() < 0.7:
            y.zero = np.array([int(np.clip(round(y.low - low / scale), y.low, y.high))])
        y.scale = np.array([F(scale)])
        kind = rng.random()
        clip = None if kind < 0.6 else (F(0), None) if kind < 0.85 else draw.draw_clip(rng, y)
        return y, clip

    def convolve(self, source):
        rng, graph, x = self.rng, self.graph, source.quantization
        channels = source.shape[1]
        kernel = [1, 1] if rng.random() < 0.5 else [int(k) for k in rng.integers(1, 4, 2)]
        kernel = [min(k, s) for k, s in zip(kernel, source.shape[2:])]
        pads = [0] * 4 if rng.random() < 0.4 else [int(rng.integers(0, k)) for k in kernel + kernel]
        strides = [1, 1] if rng.random() < 0.8 else [2, 2]
        kind, group = rng.random(), 1
        outputs = int(rng.integers(1, MOST_CHANNELS))
        if kind < 0.35:
            group, outputs = channels, channels * (2 if kind < 0.05 else 1)
        elif kind < 0.45 and channels % 2 == 0:
            group, outputs = 2, 2 * int(rng.integers(1, 4))
        weights, w = self.weights((outputs, channels // group, *kernel))
        bias = np.zeros(outputs, np.int64)
        wide = self.exact(x, w)

        def sums(codes, y, clip):
            return q.conv(codes, weights, bias, x, w, y, strides, pads, [1, 1], group, clip)

        probes = np.concatenate([sums(codes, wide, None) for codes in self.probe(source)])
        y, clip = self.result(probes * float(wide.single[0]))
        self.plant(weights, bias, x.single[0] * w.scale[0] / y.single[0], y, clip)
        operands = [graph.dequantize(source.name, x),
                    graph.dequantize(graph.constant(weights), w, 0 if w.scale.size > 1 else None)]
        if bias.any() or rng.random() < 0.5:
            operands.append(self.bias(bias, x, w))
        node = graph.node("Conv", operands, strides=strides, pads=pads, group=group)
        self.finish(node, node, y, clip, lambda codes: sums(source.evaluate(codes), y, clip))

    def combine(self, source):
        """A sum or product with a tensor of the same dims, itself, or constants a channel."""
        rng, graph = self.rng, self.graph
        op, compute = ("Add", q.add) if rng.random() < 0.7 else ("Mul", q.mul)
        a = source.quantization
        twins = [t for t in self.tensors if t.shape == source.shape]
        if rng.random() < 0.7:
            other = twins[int(rng.integers(0, len(twins)))]
            b, name, second = other.quantization, other.name, other.evaluate
        else:
            b = draw.draw_activation(rng, draw.TYPED_BITS)
            shape = [1, source.shape[1], 1, 1] if rng.random() < 0.7 else [1, 1, 1, 1]
            constant = draw.draw_codes(rng, b, shape)
            name, second = graph.constant(constant), lambda codes: constant
        numbers = [q.dequantize(f(codes), p)
                   for codes in self.probe(self.tensors[0], 2)
                   for f, p in ((source.evaluate, a), (second, b))]
        total = numbers[0] + numbers[1] if op == "Add" else numbers[0] * numbers[1]
        y, clip = self.result(total)
        node = graph.node(op, [graph.dequantize(source.name, a), graph.dequantize(name, b)])
        self.finish(node, node, y, clip,
                    lambda codes: compute(source.evaluate(codes), second(codes), a, b, y, clip))

    def pool(self, source):
        rng, graph, x = self.rng, self.graph, source.quantization
        kernel = [int(min(rng.integers(1, 4), s)) for s in source.shape[2:]]
        strides, pads = [1, 1], [int(rng.integers(0, k)) for k in kernel + kernel]
        operand = graph.dequantize(source.name, x)
        if rng.random() < 0.5:
            node = graph.node("MaxPool", [operand], kernel_shape=kernel, strides=strides, pads=pads)
            name = graph.quantize(node, x)
            self.add(name, node, x,
                     lambda codes: q.max_pool(source.evaluate(codes), kernel, strides, pads))
            return
        y, clip = self.result(q.dequantize(np.concatenate(self.probe(source)), x))
        counts = bool(rng.integers(0, 2))
        node = graph.node("AveragePool", [operand], kernel_shape=kernel, strides=strides, pads=pads,
                          count_include_pad=int(counts))
        self.finish(node, node, y, clip, lambda codes: q.average_pool(
            source.evaluate(codes), x, y, kernel, strides, pads, counts, clip))

    def table(self, source):
        rng, graph, x = self.rng, self.graph, source.quantization
        y, _ = self.result(q.dequantize(np.concatenate(self.probe(source)), x))
        operand = graph.dequantize(source.name, x)
        if rng.random() < 0.5:
            alpha = F(rng.uniform(0.01, 0.5))
            node = graph.node("LeakyRelu", [operand], alpha=float(alpha))
            function = lambda v: np.where(v < 0, alpha * v, v)  # noqa: E731
        else:
            node, function = graph.node("Abs", [operand]), np.abs
        self.finish(node, node, y, None, lambda codes: q.quantize(
            function(q.dequantize(source.evaluate(codes), x)), y))

    def concatenate(self, source):
        rng, graph = self.rng, self.graph
        parts = [t for t in self.tensors if len(t.shape) == 4 and t.shape[2:] == source.shape[2:]]
        other = parts[int(rng.integers(0, len(parts)))]
        if source.shape[1] + other.shape[1] > 2 * MOST_CHANNELS:
            return
        both = [source, other] if rng.random() < 0.5 else [other, source]
        numbers = [q.dequantize(codes, t.quantization) for t in both
                   for codes in self.probe(t, 2)]
        y = source.quantization
        if rng.random() < 0.7:
            y, _ = self.result(np.concatenate([n.reshape(-1) for n in numbers]))
        operands = [graph.dequantize(t.name, t.quantization) for t in both]
        node = graph.node("Concat", operands, axis=1)
        self.finish(node, node, y, None, lambda codes: np.concatenate(
            [q.quantize(q.dequantize(t.evaluate(codes), t.quantization), y) for t in both], 1))

    def move(self, source):
        """A layer that moves elements, along places and not channels."""
        rng, graph, x = self.rng, self.graph, source.quantization
        operand, kind = graph.dequantize(source.name, x), rng.integers(0, 3)
        if kind == 0 and max(source.shape[2:]) <= 6:
            node = graph.node("Resize", [operand, "", graph.constant(np.array([1, 1, 2, 1], F))],
                              mode="nearest", coordinate_transformation_mode="asymmetric",
                              nearest_mode="floor")
            moved = lambda codes: np.repeat(codes, 2, axis=2)  # noqa: E731
        elif kind == 1:
            pads = [0, 0, 1, 0, 0, 0, 0, 1]
            node = graph.node("Pad", [operand, graph.constant(np.array(pads, np.int64))])
            moved = lambda codes: np.pad(  # noqa: E731
                codes, ((0, 0), (0, 0), (1, 0), (0, 1)), constant_values=int(x.zero[0]))
        else:
            node = graph.node("Slice", [operand, *(graph.constant(np.array([i], np.int64))
                                                   for i in (0, 2, 3))])
            moved = lambda codes: codes[:, :, :, :2]  # noqa: E731
        name = graph.quantize(node, x)
        self.add(name, node, x, lambda codes: moved(source.evaluate(codes)))

    def average(self, source):
        rng, graph, x = self.rng, self.graph, source.quantization
        y, _ = self.result(q.dequantize(np.concatenate(self.probe(source)), x))
        node = graph.node("GlobalAveragePool", [graph.dequantize(source.name, x)])
        self.finish(node, node, y, None, lambda codes: q.global_average_pool(
            source.evaluate(codes), x, y, None))

    def classify(self, source):
        """A product of all elements with a matrix."""
        rng, graph = self.rng, self.graph
        x, depth = source.quantization, int(np.prod(source.shape))
        outputs = int(rng.integers(1, 6))
        weights, w = self.weights((outputs, depth))
        bias = rng.integers(-3000, 3000, outputs)
        wide = self.exact(x, w)

        def product(codes, y, clip):
            rows = codes.reshape(1, depth)
            return q.matmul(rows, weights.T, bias, x, w, y, clip)

        probes = np.concatenate([product(codes, wide, None) for codes in self.probe(source)])
        y, clip = self.result(probes * float(wide.single[0]))
        flat = graph.node("Flatten", [graph.dequantize(source.name, x)])
        matrix = graph.dequantize(graph.constant(weights), w, 0 if w.scale.size > 1 else None)
        node = graph.node("Gemm", [flat, matrix, self.bias(bias, x, w)], transB=1)
        self.finish(node, node, y, clip,
                    lambda codes: product(source.evaluate(codes), y, clip))
