import ArgumentParser
import Logging
import Testing
import VerdictModel
import VerdictServer
import VerdictSettings
import VerdictSystem

@testable import verdict

@Suite("arguments")
struct ArgumentTests {
  /// The exit status that these arguments alone lead to; nil: they are right.
  static func status(_ arguments: String...) -> Int32? {
    do {
      _ = try Verdict.parseAsRoot(arguments)
      return nil
    } catch {
      return Verdict.exitCode(for: error).rawValue
    }
  }

  @Test("the exit statuses are those of the contract")
  func statuses() {
    #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 64])
    #expect(ExitStatus(.allow) == .success)
    #expect(ExitStatus(.deny) == .denied)
    #expect(ExitStatus(.indeterminate) == .indeterminate)
    #expect(ExitCode.validationFailure.rawValue == ExitStatus.usage.rawValue)
  }

  @Test("wrong usage is exit status 64")
  func usage() {
    let check = ["--principal", "p", "--action", "view"]
    func checking(_ arguments: String...) -> Int32? {
      do {
        _ = try Verdict.parseAsRoot(["check"] + arguments + check)
        return nil
      } catch {
        return Verdict.exitCode(for: error).rawValue
      }
    }
    #expect(checking() == 64)
    #expect(checking("--policy", "a", "--snapshot", "b") == 64)
    #expect(checking("--control", "a", "--server", "localhost:1") == 64)
    #expect(checking("--server", "nonsense") == 64)
    #expect(checking("--server", "localhost:65536") == 64)
    #expect(checking("--snapshot", "") == 64)
    #expect(checking("--snapshot", "a", "--models", "b") == 64)
    #expect(checking("--policy", "a", "--models", "b") == nil)
    #expect(checking("--policy", "a", "--policy", "b") == nil)
    #expect(checking("--server", "unix:/run/verdict.sock") == nil)
    #expect(Self.status("check", "--policy", "a") == 64)
    #expect(Self.status("check", "--policy", "a", "--principal", "p") == 64)
    #expect(Self.status("check", "--policy", "a", "--action", "view") == 64)
    #expect(Self.status("check", "--policy", "a", "--batch", "-") == nil)
    #expect(Self.status("fly") == 64)
    #expect(Self.status("publish", "a") == 64)
    #expect(Self.status("publish", "--control", "a") == 64)
    #expect(Self.status("compile", "a") == 64)
    #expect(Self.status("compile", "a", "--output", "") == 64)
    #expect(Self.status("inspect") == 64)
    #expect(Self.status("fmt") == 64)
    #expect(Self.status("fmt", "a", "--check", "--write") == 64)
    #expect(Self.status("fmt", "-", "--write") == 64)
    #expect(Self.status("fmt", "a", "b", "--check") == nil)
    #expect(Self.status("test") == 64)
    #expect(Self.status("test", "a", "--policy", "b", "--server", "h:1") == 64)
    #expect(Self.status("test", "a", "--coverage", "--snapshot", "b") == 64)
    #expect(Self.status("test", "a", "--coverage", "--models", "m") == nil)
    #expect(Self.status("diff", "a") == 64)
    #expect(Self.status("diff", "a", "b", "--json") == nil)
    #expect(Self.status("models", "show") == 64)
    #expect(Self.status("models", "list", "--json") == nil)
    #expect(Self.status("generate", "--workspaces", "0") == 64)
    #expect(Self.status("generate", "--profile", "million", "--seed", "3") == nil)
  }

  @Test(
    "asking for help or the version is no error",
    arguments: [
      ["--version"], ["--help"], ["serve", "--help"], ["check", "-h"], ["help", "publish"],
      ["compile", "--help"], ["inspect", "--help"], ["version", "--help"], ["fmt", "--help"],
      ["test", "--help"], ["diff", "--help"], ["models", "--help"], ["models", "show", "--help"],
      ["schema", "--help"], ["generate", "--help"], ["config", "print", "--help"],
    ])
  func help(arguments: [String]) {
    do {
      var command = try Verdict.parseAsRoot(arguments)
      try command.run()
      Issue.record("\(arguments) did something else")
    } catch {
      #expect(Verdict.exitCode(for: error) == .success)
    }
  }

  /// What `serve` makes of its arguments.
  static func serving(_ arguments: [String]) throws -> ServerConfiguration {
    let command = try Verdict.parseAsRoot(["serve", "--policy", "a"] + arguments)
    let serve = try #require(command as? ServeCommand)
    return try serve.arguments.resolvedOrFail().settings.serverConfiguration()
  }

  @Test("flags reach the server: where it listens, and where it serves inspections")
  func listeners() throws {
    func listeners(_ arguments: String...) throws -> [String] {
      try Self.serving(arguments).listeners.map {
        "\($0.address)\($0.servesInspection ? " inspects" : "")"
      }
    }
    #expect(try listeners() == ["127.0.0.1:7070"])
    #expect(
      try listeners("--listen", "127.0.0.1:80", "--unix", "s", "--listen", ":80") == [
        "127.0.0.1:80", ":80", "unix:s inspects",
      ])
    #expect(
      try listeners("--listener", "in.address=[::1]:0", "--listener", "in.inspection=on") == [
        "[::1]:0 inspects"
      ])
    #expect(try listeners("--unix", "s", "--inspect-on", "none") == ["unix:s"])
    #expect(Self.status("serve", "--policy", "a", "--inspect-on", "unix:/else") == 64)
    #expect(
      Self.status(
        "serve", "--policy", "a", "--unix", "s", "--inspect-on", "none",
        "--inspect-on", "unix:s") == 64)
  }

  @Test("what `serve` can't do is said before it starts")
  func serve() throws {
    #expect(Self.status("serve") == 64)
    #expect(Self.status("serve", "--control", "a", "--policy", "b") == 64)
    #expect(Self.status("serve", "--control", "a", "--models", "b") == 64)
    #expect(Self.status("serve", "--control", "") == 64)
    #expect(Self.status("serve", "--policy", "a", "--loops", "0") == 64)
    #expect(Self.status("serve", "--policy", "a", "--loops", "1025") == 64)
    #expect(Self.status("serve", "--policy", "a", "--drain-timeout", "-1") == 64)
    #expect(Self.status("serve", "--policy", "a", "--listen", "7070") == 64)
    #expect(
      Self.status("serve", "--policy", "a", "--unix", String(repeating: "x", count: 108)) == 64)
    #expect(Self.status("serve", "--policy", "a", "--log-level", "loud") == 64)
    #expect(Self.status("serve", "--policy", "a", "--config", "/no/such/file") == 64)
    let configuration = try Self.serving([
      "--loops", "3", "--drain-timeout", "5", "--log-level", "debug",
    ])
    #expect(configuration.loopCount == 3)
    #expect(configuration.drainTimeoutNanoseconds == 5_000_000_000)
    #expect(LogLevel.allCases.map(\.level.rawValue) == LogLevel.allCases.map(\.rawValue))
    #expect(Self.status("config", "check", "--control", "a") == nil)
    #expect(Self.status("config", "print") == 64)
  }

  @Test("a snapshot's file name can't leave its directory, and no two ids share one")
  func fileNames() {
    func name(_ id: String) -> String { SnapshotFiles.name(ofOrganization: Array(id.utf8)) }
    #expect(name("acme") == "acme")
    #expect(name("a.b_C-9@x") == "a.b_C-9@x")
    #expect(name("..") == "%2E.")
    #expect(name("../x") == "%2E.%2Fx")
    #expect(name("a%b/c d\né") == "a%25b%2Fc%20d%0A%C3%A9")
  }
}
