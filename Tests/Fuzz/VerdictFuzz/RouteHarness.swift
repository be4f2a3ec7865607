import VerdictCompiler
import VerdictModel
import VerdictPolicy
import VerdictRoutes

/// Route tables: as documents in YAML and JSON, and compiled with bytes changed.
///
/// What holds: an error, or a table that is valid, in which each route's own template leads to a
/// route of its method. A damaged table is refused, or matching stays within it.
final class RouteHarness: FuzzHarness {
  private let models: AccessModels
  private let table: [UInt8]

  init() throws {
    models = try AccessModels.shipped()
    guard let shipped = try RouteDocument.shipped(models: models).first else {
      preconditionFailure("a table ships")
    }
    table = try RouteCompiler.compile(shipped)
  }

  func run(_ input: ByteView) {
    var reader = InputReader(input)
    switch reader.byte() % 3 {
    case 0: document(reader.rest(), "t.yaml")
    case 1: document(reader.rest(), "t.json")
    default: damaged(&reader)
    }
  }

  private func document(_ text: [UInt8], _ path: String) {
    guard let document = try? RouteDocument.parse(bytes: text, path: path, models: models),
      let bytes = try? RouteCompiler.compile(document)
    else { return }
    bytes.withByteView { bytes in
      guard let table = try? RouteTable(validating: bytes) else {
        preconditionFailure("what was compiled is valid")
      }
      for route in document.routes {
        let target = route.segments.reduce("") { text, segment in
          if case .literal(let literal) = segment { return text + "/" + literal }
          return text + "/x"
        }
        let isFound = Array(target.utf8).withByteView { target in
          match(table, method: route.method, target)
        }
        // A literal may have bytes that a path has encoded; those are not looked for here.
        precondition(isFound != false, "a template leads to a route")
      }
    }
  }

  /// Changes some bytes of a good table; each change is three bytes of place and one of value.
  private func damaged(_ reader: inout InputReader) {
    var bytes = table
    let target = "/v2/sources/" + String(reader.byte() % 4)
    while !reader.isAtEnd {
      let place = reader.number(byteCount: 3) % bytes.count
      bytes[place] = reader.byte()
    }
    bytes.withByteView { bytes in
      guard let table = try? RouteTable(validating: bytes) else { return }
      _ = Array(target.utf8).withByteView { match(table, method: "GET", $0) }
      _ = Array("/transformations/x/versions/y".utf8).withByteView {
        match(table, method: "GET", $0)
      }
    }
  }

  /// Whether there is a route; nil: the path is refused.
  private func match(_ table: RouteTable, method: String, _ target: ByteView) -> Bool? {
    var room = [UInt8](repeating: 0, count: max(target.count, 1))
    return Array(method.utf8).withByteView { method in
      unsafe room.withUnsafeMutableBufferPointer { room in
        // SAFETY: as much room as the target has bytes.
        guard let base = room.baseAddress, let path = unsafe try? RequestPath(target, room: base)
        else { return nil }
        for index in table.match(method: method, path) { visit(table, index) }
        return !table.match(method: method, path).isEmpty
      }
    }
  }

  /// Reads all that a decision would read of a route.
  private func visit(_ table: RouteTable, _ index: Int) {
    let route = table.route(index)
    _ = route.template.array
    for place in route.conditions {
      let condition = table.condition(place)
      for value in condition.values { _ = table.value(value).array }
    }
    for place in route.checks {
      let check = table.check(place)
      _ = check.action.array
      for operand in [check.resource, check.target] where operand >= 0 {
        for value in table.operand(operand).types { _ = table.value(value).array }
      }
    }
  }
}
