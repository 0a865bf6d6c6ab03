#include "harness/results/writer.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "harness/base/encoding.h"

namespace plumb::results {
namespace {

Status write_report(const Writer& writer, const Run& run, const std::string& folder) {
  const bool shown = writer.file_name().empty();
  const std::string text = PLUMB_TRY(writer.write(run, {.colours = shown && isatty(STDOUT_FILENO) != 0}));
  if (shown) return std::cout << text << std::flush, Status();
  std::ofstream file(folder + "/" + writer.file_name());
  if ((file << text).flush()) return {};
  return fail(Code::resource_exhausted, "writing " + writer.file_name() + " failed; is " + folder + " full?");
}

}  // namespace

Status check_formats(const std::vector<std::string>& formats) {
  std::vector<std::string> known;
  for (const auto& [name, make] : Registry<Writer>::all()) known.push_back(name);
  for (const std::string& format : formats) {
    if (std::find(known.begin(), known.end(), format) == known.end()) {
      return fail(Code::invalid_argument, "there is no report format \"" + format + "\"; there are " + join(known, ", "));
    }
  }
  return {};
}

std::vector<std::string> write_reports(const Run& run, const std::string& folder, const ReportOptions& options) {
  std::vector<std::string> problems;
  for (const auto& [name, make] : Registry<Writer>::all()) {
    const auto writer = make();
    const bool file = !writer->file_name().empty();
    const bool wanted = options.formats.empty() || std::find(options.formats.begin(), options.formats.end(), name) != options.formats.end();
    if (file ? !wanted : !options.show) continue;
    if (const Status written = write_report(*writer, run, folder); !written.ok()) problems.push_back("no " + name + " report: " + written.error().message);
  }
  return problems;
}

}  // namespace plumb::results
