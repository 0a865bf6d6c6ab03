// What a pod sees of the files of its volumes.
#pragma once

#include <string>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

namespace plumb::harness {

// "mode=0644 uid=0 gid=0 size=5\nmount=/there tmpfs rw,…", symbolic links followed.
inline std::string file_facts(Cluster& c, const std::string& pod, const std::string& path) { return c.output(pod, {"file", path, "--follow"}); }

inline std::string file_mode(Cluster& c, const std::string& pod, const std::string& path) {
  const std::string facts = file_facts(c, pod, path);
  const auto found = facts.find("mode=");
  return found == std::string::npos ? facts : facts.substr(found + 5, 4);
}

inline std::string file_text(Cluster& c, const std::string& pod, const std::string& path) { return c.output(pod, {"cat", path}); }
inline bool file_is_there(Cluster& c, const std::string& pod, const std::string& path) { return c.exec(pod, {"cat", path}).exit_code == 0; }

// Makes the pod's node look at the pod now, not only with its next period.
inline void touch(Cluster& c, const std::string& pod) {
  static int times = 0;
  c.must(c.client().patch(c.pods(), pod, PatchKind::merge, {{"metadata", {{"annotations", {{"look", std::to_string(++times)}}}}}}));
}

}  // namespace plumb::harness
