/// What each loop has done: the spread over loops is seen in it.
extension MetricsText {
  private struct Field {
    let name: String
    let kind: MetricsText.Kind
    let help: String
    let value: @Sendable (LoopCounters) -> UInt64

    static func gauge(
      _ name: String, _ help: String, _ value: @escaping @Sendable (LoopCounters) -> UInt64
    ) -> Field {
      Field(name: "verdict_" + name, kind: .gauge, help: help, value: value)
    }

    static func counter(
      _ name: String, _ help: String, _ value: @escaping @Sendable (LoopCounters) -> UInt64
    ) -> Field {
      Field(name: "verdict_\(name)_total", kind: .counter, help: help, value: value)
    }
  }

  private static let connections: [Field] = [
    .gauge("connections", "Connections that are open.") { $0.connectionsOpen },
    .counter("connections_accepted", "Connections accepted.") { $0.connectionsAccepted },
    .counter(
      "connections_broken", "Connections closed because of a limit, a protocol error or a stall."
    ) { $0.connectionsBroken },
    .counter("handshakes", "Connections that became secure.") { $0.handshakes },
    .counter("handshakes_failed", "Connections that ended before they were secure.") {
      $0.handshakesFailed
    },
    .counter("calls_refused", "Calls by somebody who is not on the listener's list.") {
      $0.callsRefused
    },
    .counter("received_bytes", "Bytes read from peers.") { $0.bytesReceived },
    .counter("sent_bytes", "Bytes written to peers.") { $0.bytesSent },
    .counter("reads", "System calls that read from peers.") { $0.reads },
    .counter("writes", "System calls that wrote to peers.") { $0.writes },
  ]

  private static let requests: [Field] = [
    .gauge("streams", "Requests under way.") { $0.streamsOpen },
    .gauge("held_bytes", "What unfinished requests and answers hold beyond their first buffers.") {
      $0.bytesHeld
    },
    .counter("streams_begun", "Requests whose headers have begun.") { $0.streams },
    .counter("streams_refused", "Requests refused because of their headers or their framing.") {
      $0.refusals
    },
    .counter("streams_cancelled", "Streams that ended before they were answered.") {
      $0.cancellations
    },
    .counter(
      "deadlines_exceeded", "Requests whose deadline passed before they were looked at or decided."
    ) { $0.deadlinesExceeded },
    .counter("batches", "Large requests that were begun in slices.") { $0.batches },
    .counter("handed_over", "Requests given to workers.") { $0.handedOver },
    .counter("shed_full", "Requests refused unseen because a queue was full.") { $0.fullQueues },
    .counter("shed_hopeless", "Requests refused unseen because their deadline would have passed.") {
      $0.hopeless
    },
  ]

  private static let turns: [Field] = [
    .counter("loop_turns", "Turns of the event loop.") { $0.turns },
    .counter("loop_long_turns", "Turns that took longer than a millisecond.") { $0.longTurns },
    .counter("loop_put_off", "Times that a connection had had its share of a turn.") { $0.putOff },
  ]

  mutating func add(_ loops: [LoopCounters]) {
    for field in MetricsText.connections + MetricsText.requests + MetricsText.turns {
      family(field.name, field.kind, field.help)
      for (loop, counters) in loops.enumerated() {
        sample(field.name, [("loop", "\(loop)")], field.value(counters))
      }
    }
    let name = "verdict_loop_busy_seconds_total"
    family(name, .counter, "Time that the loop did not wait; its rate is the busy share.")
    for (loop, counters) in loops.enumerated() {
      sample(name, [("loop", "\(loop)")], seconds: Double(counters.busyNanoseconds) / 1e9)
    }
  }
}
