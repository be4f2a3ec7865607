internal import VerdictControl
internal import VerdictModel
internal import VerdictSnapshot
internal import VerdictSystem

/// A snapshot in memory that nobody can change, validated.
struct SnapshotFile {
  /// Good for as long as `memory` is.
  let view: SnapshotView
  let memory: SealedMemory

  /// Reads a snapshot file.
  init(path: String) throws(CommandFailure) {
    do throws(SystemError) {
      memory = try SealedMemory(
        copying: try FileDescriptor.reading(path), name: path,
        byteCountMax: ControlLimits.snapshotByteCountMax)
    } catch {
      // An empty file can't be mapped; say it as one would of any file that is no snapshot.
      throw CommandFailure(
        error.number == Errno.invalid
          ? "`\(path)`: empty, expected a snapshot; write one with `verdict compile`"
          : SystemError(error.operation, path, number: error.number).description)
    }
    view = try SnapshotFile.validated(memory, place: path)
  }

  /// Takes a snapshot that was just compiled.
  init(_ bytes: [UInt8]) throws(CommandFailure) {
    do throws(SystemError) {
      memory = try SealedMemory(copying: bytes, name: "snapshot")
    } catch {
      throw CommandFailure(error.description)
    }
    view = try SnapshotFile.validated(memory, place: "the compiled documents")
  }

  private static func validated(
    _ memory: SealedMemory, place: String
  ) throws(CommandFailure) -> SnapshotView {
    do throws(SnapshotError) {
      // SAFETY: the memory is kept beside the view.
      return try SnapshotView(validating: unsafe ByteView(memory.bytes))
    } catch {
      throw CommandFailure("`\(place)`: \(error.message)")
    }
  }
}
