internal import ArgumentParser
internal import VerdictModel

/// What each exit status means; scripts depend on them.
///
/// | Status | Meaning |
/// |---|---|
/// | 0 | done; `check`, `explain`: allowed, or a batch was answered; `serve`: stopped as asked |
/// | 1 | anything else went wrong; standard error says what. `test`: a test failed; `diff`, `shadow report`: different |
/// | 2 | `check`, `explain`: denied; `effective`, `list`: no access |
/// | 3 | `check`, `explain`, `effective`, `list`: indeterminate, which is not an allow |
/// | 64 | wrong usage; `test`, `diff`, `shadow report`: could not run |
enum ExitStatus: Int32, CaseIterable {
  case success = 0
  case failure = 1
  case denied = 2
  case indeterminate = 3
  case usage = 64

  init(_ effect: Effect) {
    switch effect {
    case .allow: self = .success
    case .deny: self = .denied
    case .indeterminate: self = .indeterminate
    }
  }

  func exit() -> Never { Verdict.exit(withError: ExitCode(rawValue)) }
}

/// What stopped a command, for people.
struct CommandFailure: Error {
  /// Each is one line of standard error.
  let lines: [String]
  let status: ExitStatus

  init(lines: [String], status: ExitStatus = .failure) {
    self.lines = lines
    self.status = status
  }

  init(_ message: String) { self.init(lines: ["error: \(message)"]) }
}
