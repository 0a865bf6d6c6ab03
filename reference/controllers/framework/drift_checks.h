// What must hold in a cluster when all has become quiet.
#pragma once

#include <string>
#include <vector>

#include "reference/controllers/framework/drift_cluster.h"

namespace plumb::controllers {

// Nobody asked for more: each workload has the pods that it declares, and nothing is left over.
std::vector<std::string> differences_from_declared(DriftCluster& cluster);
// While they still run: those that have not started what was due.
std::vector<std::string> overdue_cron_jobs(DriftCluster& cluster);

}  // namespace plumb::controllers
