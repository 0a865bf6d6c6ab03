// Forgets the store's history: every five minutes what was already past five minutes before, as upstream's API servers do.
#pragma once

#include "reference/apiserver/periodic.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

class Compaction {
 public:
  Compaction(store::Store& store, Clock& clock);

 private:
  void run();

  store::Store& store_;
  store::Revision seen_ = 0;  // the revision at the last run
  Periodic ticker_;
};

}  // namespace plumb::apiserver
