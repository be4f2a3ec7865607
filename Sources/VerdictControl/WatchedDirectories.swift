internal import VerdictSystem

/// A file watch over directories that may go and come back as others. Watching is for speed alone,
/// so whatever goes wrong here is ignored: the next poll sees what there is.
struct WatchedDirectories: ~Copyable {
  private var watch: FileWatch?
  /// What is watched: where, and which directory that was.
  private var armed: [Place] = []

  private struct Place: Equatable {
    let path: String
    let device: UInt64
    let inode: UInt64
  }

  /// To be polled for reading; nil while nothing is watched.
  var rawDescriptor: Int32? { watch?.rawDescriptor }

  /// Watches `paths` as they are now. Costs one look at each as long as they stay the same.
  mutating func arm(_ paths: [String]) {
    var places: [Place] = []
    for path in paths {
      guard let status = try? FileDescriptor.directory(path).status() else { continue }
      places.append(Place(path: path, device: status.device, inode: status.inode))
    }
    guard places != armed || watch == nil else { return }
    // A new watch drops the old places, of which some are no longer where they were.
    watch = try? FileWatch()
    armed = places
    for place in places { try? watch?.add(place.path) }
  }

  func drain() {
    _ = watch?.drain()
  }
}
