module flotilla/bench/http

go 1.22
