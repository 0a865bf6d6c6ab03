// What can be made of a run's result: a report in one format. Writers register themselves by format name ("html"), so that whoever
// ends a run can write every report without knowing any.
#pragma once

#include <string>
#include <vector>

#include "harness/base/registry.h"
#include "harness/base/result.h"
#include "harness/results/model.h"

namespace plumb::results {

struct WriteOptions {
  bool colours = false;  // for formats that a terminal shows
};

class Writer {
 public:
  virtual ~Writer() = default;
  virtual std::string description() const = 0;
  // The name of the file in a run's output folder; empty for formats that are only shown.
  virtual std::string file_name() const = 0;
  virtual Result<std::string> write(const Run& run, const WriteOptions& options) const = 0;
};

using RegisteredWriter = Registered<Writer>;

struct ReportOptions {
  std::vector<std::string> formats;  // none: all
  bool show = true;                  // print to stdout what has no file
};

// invalid_argument when one of them is not registered.
Status check_formats(const std::vector<std::string>& formats);
// Writes the run's reports into its output folder. Answers what went wrong, a sentence each.
std::vector<std::string> write_reports(const Run& run, const std::string& folder, const ReportOptions& options = {});

}  // namespace plumb::results
