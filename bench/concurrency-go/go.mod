module flotilla/bench/concurrency

go 1.21
