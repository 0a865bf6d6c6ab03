// What a failed test leaves behind for its reader: the objects of its namespace (never the data of Secrets), its events, the logs of its containers.
#pragma once

#include <string>
#include <vector>

#include "harness/client/rest.h"

namespace plumb::harness {

// Writes into `folder` (made if needed) and answers the files' names. What cannot be gathered is told in `problems.txt`, one of them.
std::vector<std::string> gather_evidence(client::Client& client, const std::string& space, const std::string& folder);

}  // namespace plumb::harness
