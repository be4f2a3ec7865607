internal import VerdictSystem

/// Whose the files of a control directory must be where no signature says who made them: whoever
/// can write there decides who may do what.
public struct Ownership: Sendable {
  /// Users whose files are taken.
  private let owners: Set<UInt32>

  /// Files of root and of this process's user, or of `owner` instead.
  public init(owner: UInt32? = nil) {
    owners = [0, owner ?? ProcessIdentity.userID]
  }

  func check(_ status: FileStatus, place: String) throws(ControlError) {
    guard owners.contains(status.owner) else {
      throw ControlError(
        .owner, place,
        "belongs to user \(status.owner); if that user may decide, serve with `--control-owner"
          + " \(status.owner)`, or verify signatures with `--trust`")
    }
    guard !status.isWritableByOthers else {
      throw ControlError(
        .owner, place,
        "others may write it; run `chmod go-w` on it, or verify signatures with `--trust`")
    }
  }
}
