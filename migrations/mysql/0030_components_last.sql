-- InnoDB keeps long values outside their row: there is nothing to move.
do 0;
