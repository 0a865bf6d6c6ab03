// What a test may need and a cluster may lack:
//   "nodes>=2"                     that many Ready, schedulable nodes
//   "version>=1.30"                the server's minor version, for behaviour that came with a release
//   "resource:apps/v1/deployments" the API server serves it
//   "controllers"                  a controller manager acts (shown by the default service account of a namespace)
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/client/rest.h"

namespace plumb::harness {

class Needs {
 public:
  explicit Needs(client::Client& client) : client_(client) {}
  // Why the cluster does not meet one of `needs`, or nullopt when it meets all. Answers are remembered. An error means that it could
  // not be found out, or that the need is not one of the above.
  Result<std::optional<std::string>> missing(const std::vector<std::string>& needs);

 private:
  Result<std::optional<std::string>> check(const std::string& need);
  client::Client& client_;
  std::map<std::string, std::optional<std::string>> known_;
};

}  // namespace plumb::harness
