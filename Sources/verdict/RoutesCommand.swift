internal import ArgumentParser
internal import VerdictCompiler
internal import VerdictModel
internal import VerdictPolicy
internal import VerdictRoutes

struct RoutesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "routes", abstract: "Check route tables, and see what a request needs.",
    discussion: """
      A route table says which check each request to an API needs, for gateways; docs/routes.md \
      describes the files. Without --routes it is the one that ships.
      """,
    subcommands: [List.self, Check.self, Explain.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the routes in the order in which they are tried.")

    @OptionGroup var routes: RouteOptions
    @OptionGroup var models: ModelOption

    func run() throws {
      for document in try routes.load(models) {
        for route in document.routes { try StandardStream.output.write(line: route.line) }
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check route tables: exit status 0 if all are right, 1 if not.",
      discussion: "Every error is one line of standard error: FILE:LINE:COLUMN: error: ...")

    @Argument(
      help: ArgumentHelp("Route tables, YAML or JSON; none: those that ship.", valueName: "file"))
    var files: [String] = []

    @OptionGroup var models: ModelOption

    func run() throws {
      let known = try models.load()
      var documents = files.isEmpty ? try RouteOptions.shipped(known) : []
      var failures: [String] = []
      for path in files {
        do throws(CommandFailure) {
          documents.append(try RouteOptions.load(path, known))
        } catch {
          failures += error.lines
        }
      }
      for document in documents {
        let table = try RouteOptions.compile(document)
        try StandardStream.output.write(
          line: "\(TerminalText.escaped(document.path)): right, \(document.routes.count) routes of "
            + "model \(document.model), \(table.count) bytes")
      }
      if !failures.isEmpty { throw CommandFailure(lines: failures) }
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the routes that a request is decided by.",
      discussion: """
        Exit status 0 if there are some, 2 if there are none: such a request is denied.

          verdict routes explain PUT '/v2/destinations/D1'
        """)

    @Argument(help: ArgumentHelp("The method of the request.", valueName: "method"))
    var method: String

    @Argument(
      help: ArgumentHelp("Path and query of the request, as on its first line.", valueName: "path"))
    var path: String

    @OptionGroup var routes: RouteOptions
    @OptionGroup var models: ModelOption

    func run() throws {
      var found = 0
      for document in try routes.load(models) {
        let table = try RouteOptions.compile(document)
        let reader = RequestLine(method: method, path: path)
        for index in try reader.match(table) {
          try StandardStream.output.write(line: TerminalText.escaped(index))
          found += 1
        }
      }
      guard found > 0 else {
        try StandardStream.output.write(line: "no route: such a request is denied, `no_route`")
        ExitStatus.denied.exit()
      }
    }
  }
}

/// A method and a path, to be looked up in a route table.
private struct RequestLine {
  let method: String
  let path: String

  /// What `routes explain` says of each route that fits.
  func match(_ bytes: [UInt8]) throws(CommandFailure) -> [String] {
    let result: Result<[String], RequestPathFault> = bytes.withByteView { bytes in
      path.withByteView { target in
        do throws(RequestPathFault) {
          return .success(try lines(RouteTable(trusting: bytes), target))
        } catch {
          return .failure(error)
        }
      }
    }
    switch result {
    case .success(let lines): return lines
    case .failure(let fault):
      throw CommandFailure(
        lines: ["error: \(fault.message); such a request is denied, `bad_request`"],
        status: .denied)
    }
  }

  private func lines(
    _ table: RouteTable, _ target: ByteView
  ) throws(RequestPathFault) -> [String] {
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: max(target.count, 1))
    defer { unsafe room.deallocate() }
    // SAFETY: as much room as the path has bytes, until the end of this function.
    let path = unsafe try RequestPath(target, room: room)
    let found = method.withByteView { table.match(method: $0, path) }
    return found.flatMap { RouteText(table: table, route: table.route($0), path: path).lines }
  }
}
